"""Parts of the supervisor: a server process, the slot that keeps one alive, placement, deployment states."""
