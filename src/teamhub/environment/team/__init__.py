"""environment.yml: what the team asks for."""
