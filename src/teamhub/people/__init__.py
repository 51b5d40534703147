"""The people of the hub: their Unix accounts, groups, passwords, servers and limits."""
