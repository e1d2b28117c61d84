"""The verbs of staff: accounts, departments, the policy, personal data shown on request, and the audit trail."""

from staff.services.audit import chain_break, write_audit
from staff.services.reveals import reveal

__all__ = ["chain_break", "reveal", "write_audit"]
