"""The generations on the disk: where they lie, what each is, which are needed."""
