"""Activities of a plan in the submission form of the benchmark: legs, sights, meals, nights and the ways to them."""

from itinerary.planner.concepts import Activity
from itinerary.planner.public_rules import clock
from itinerary.planner.world import Attraction, Hotel, Leg, Restaurant, Way, cars_for


def leg_block(leg: Leg, people: int) -> Activity:
    """The train or flight."""
    return {
        "type": leg.kind,
        "start": leg.start,
        "end": leg.end,
        "TrainID" if leg.kind == "train" else "FlightID": leg.number,
        "start_time": clock(leg.departs),
        "end_time": clock(leg.arrives),
        "price": leg.price,
        "tickets": people,
        "cost": round(leg.price * people, 2),
        "transports": [],
    }


def night_block(hotel: Hotel, rooms: int) -> Activity:
    """A night."""
    return {
        "type": "accommodation",
        "position": hotel.name,
        "price": hotel.price,
        "cost": round(hotel.price * rooms, 2),
        "rooms": rooms,
        "room_type": hotel.beds,
        "transports": [],
    }


def sight_block(attraction: Attraction, people: int) -> Activity:
    """A visit."""
    cost = round(attraction.price * people, 2)
    head = {"type": "attraction", "position": attraction.name, "price": attraction.price}
    return {**head, "tickets": people, "cost": cost, "transports": []}


def meal_block(kind: str, restaurant: Restaurant, people: int) -> Activity:
    """A meal at a restaurant."""
    cost = round(restaurant.price * people, 2)
    return {"type": kind, "position": restaurant.name, "price": restaurant.price, "cost": cost, "transports": []}


def breakfast_block(hotel: Hotel) -> Activity:
    """Breakfast at the hotel, within the price of the night."""
    return {"type": "breakfast", "position": hotel.name, "price": 0, "cost": 0, "transports": []}


def timed(block: Activity, start: int, end: int) -> Activity:
    """The block at its times, in minutes of the day."""
    return {**block, "start_time": clock(start), "end_time": clock(end)}


def transports(way: Way, leaves: int, people: int) -> list[Activity]:
    """The parts of a way, leaving at that minute."""
    parts = []
    now = leaves
    for start, end, mode, minutes, price, km in way.parts:
        times = {"walk": 1, "metro": people, "taxi": cars_for(people)}[mode]
        part: Activity = {"start": start, "end": end, "mode": mode, "start_time": clock(now), "end_time": clock(now + minutes)}
        part |= {"price": price, "cost": round(price * times, 2) if mode != "walk" else 0, "distance": km}
        if mode != "walk":
            part["tickets" if mode == "metro" else "cars"] = times
        parts.append(part)
        now += minutes
    return parts
