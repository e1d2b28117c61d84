"""How a phone number is written."""


def mask_phone(phone: str) -> str:
    """E.164 to what staff see: 138****5678; other countries keep the last four digits."""
    national = phone.removeprefix("+86")
    if national != phone and len(national) == 11:
        return f"{national[:3]}****{national[-4:]}"
    return f"****{phone[-4:]}"
