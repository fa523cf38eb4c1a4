"""The node agent: registers this machine, runs its workers, keeps its model servers alive, does the housekeeping."""
