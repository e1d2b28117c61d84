"""The simulator's official account: the live client with everything sent to settings.SIM_URL."""

from django.conf import settings

from gateways.official.live import LiveOfficial


class SimulatedOfficial(LiveOfficial):
    """Speaks the same bytes as the live client."""

    def __init__(self) -> None:
        super().__init__(base_url=settings.SIM_URL)
