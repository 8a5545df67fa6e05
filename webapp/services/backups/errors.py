"""Why a backup or a restore did not happen."""


class BackupError(Exception):
    """The text is for an operator: what is wrong and what to do. Nothing was changed unless it says so."""
