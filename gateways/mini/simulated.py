"""The simulator's mini-program API: the live client with everything sent to settings.SIM_URL."""

from django.conf import settings

from gateways.mini.live import LiveMini


class SimulatedMini(LiveMini):
    """Speaks the same bytes as the live client."""

    def __init__(self) -> None:
        super().__init__(base_url=settings.SIM_URL)
