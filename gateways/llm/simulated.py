"""The simulator's model, or, where LLM_BASE_URL names another address, a real model beside simulated platforms."""

from django.conf import settings

from gateways.llm.live import LiveLlm
from gateways.simulator.defaults import SIM_SETTINGS


class SimulatedLlm(LiveLlm):
    """Speaks the same bytes as the live client."""

    def __init__(self) -> None:
        address, own = settings.VENDORS["LLM_BASE_URL"], f"{settings.SIM_URL}/llm/v1"
        scripted = address in {own, SIM_SETTINGS["LLM_BASE_URL"]}
        super().__init__(base_url=own if scripted else address, trust_env=not scripted)
