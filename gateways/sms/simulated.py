"""The simulator's SMS service: the live client with everything sent to settings.SIM_URL."""

from django.conf import settings

from gateways.sms.live import LiveSms


class SimulatedSms(LiveSms):
    """Speaks the same bytes as the live client."""

    def __init__(self) -> None:
        super().__init__(base_url=settings.SIM_URL)
