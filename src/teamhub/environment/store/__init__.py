"""The generations on the disk: where they are, what each has, and which are needed."""
