"""What is wrong with a condition, and where."""

from core.errors import BadInput


class ConditionError(BadInput):
    """A condition that can never be asked. `path` says where ("all[1].event.window_days"), so that a form can show it."""

    def __init__(self, path: str, complaint: str) -> None:
        super().__init__(f"{path}: {complaint}" if path else complaint, {path or "condition": complaint})
        self.path = path
        self.complaint = complaint
