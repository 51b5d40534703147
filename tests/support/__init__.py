"""What the tests of booted servers stand on: roots, a mirror, containers, a client, a browser."""
