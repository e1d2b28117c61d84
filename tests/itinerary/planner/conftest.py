import pytest

from itinerary.planner.planner import Planner
from itinerary.planner.world import World
from itinerary.planner.world_files import read_world
from tests.itinerary.planner.small_world import write_world


@pytest.fixture(scope="session")
def world_zip(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="session")
def world(world_zip: str) -> World:
    return read_world(world_zip)


@pytest.fixture(scope="session")
def planner(world: World) -> Planner:
    return Planner(world)
