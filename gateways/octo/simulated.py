"""The simulator's OCTO supplier: the live client with everything sent to settings.SIM_URL."""

from django.conf import settings

from gateways.octo.live import LiveOcto


class SimulatedOcto(LiveOcto):
    """Speaks the same bytes as the live client."""

    def __init__(self) -> None:
        super().__init__(base_url=settings.SIM_URL)
