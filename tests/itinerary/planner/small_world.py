"""A small invented country, as an archive in the form of the public benchmark: two cities, a metro, trains, a flight."""

import csv
import io
import json
import pathlib
import zipfile
from typing import Any

SIGHTS = [
    # name, type, lat, lon, opens, closes, price, least hours, most hours
    ("古城墙", "历史古迹", 30.250, 120.150, "08:30", "17:30", 40, 1.0, 2.0),
    ("城市博物馆", "博物馆/纪念馆", 30.256, 120.158, "09:00", "17:00", 0, 1.5, 3.0),
    ("湖心公园", "公园", 30.245, 120.145, "00:00", "23:59", 0, 0.5, 2.0),
    ("植物园", "自然风光", 30.262, 120.140, "07:00", "18:00", 10, 1.0, 2.0),
    ("夜市街", "商业街区", 30.252, 120.165, "16:00", "02:00", 0, 0.5, 1.5),
    ("晨练广场", "公园", 30.247, 120.160, "05:00", "21:00", 0, 0.5, 1.0),
    ("海洋馆", "游乐园/体育娱乐", 30.270, 120.170, "09:30", "17:30", 180, 2.0, 4.0),
    ("书院", "历史古迹", 30.241, 120.152, "09:00", "18:00", 15, 1.0, 1.5),
]
RESTAURANTS = [
    ("老面馆", "江浙菜", 30.251, 120.151, 30, "06:30", "21:00"),
    ("湖畔酒家", "江浙菜", 30.246, 120.147, 120, "10:30", "22:00"),
    ("辣子鱼", "川菜", 30.255, 120.160, 80, "11:00", "22:00"),
    ("素斋", "素食", 30.242, 120.154, 60, "10:00", "20:00"),
    ("夜宵摊", "烧烤", 30.253, 120.166, 50, "17:00", "02:00"),
]
HOTELS = [
    ("湖景大酒店", "湖景房", 30.248, 120.150, 500, 2),
    ("站前旅馆", "免费停车", 30.280, 120.200, 180, 1),
    ("城中客栈", "四合院", 30.252, 120.155, 320, 2),
]
TRAINS: dict[tuple[str, str], list[Any]] = {
    ("上海", "杭州"): [
        ("G1", "上海虹桥站", "杭州东站", "08:00", "09:00", 1.0, 80.0),
        ("G3", "上海虹桥站", "杭州东站", "13:00", "14:05", 1.08, 75.0),
        ("K5", "上海虹桥站", "杭州东站", "22:00", "23:50", 25.83, 30.0),
        ("K7", "上海虹桥站", "杭州东站", "09:00", "10:40", 1.67, None),
        ("G9", "上海虹桥站", "无名站", "09:30", "10:30", 1.0, 70.0),
    ],
    ("杭州", "上海"): [
        ("G2", "杭州东站", "上海虹桥站", "10:30", "11:30", 1.0, 80.0),
        ("G4", "杭州东站", "上海虹桥站", "19:00", "20:00", 1.0, 80.0),
    ],
}
FLIGHTS = [("FL1", "上海虹桥国际机场", "杭州萧山国际机场", "07:00", "08:00", 1.0, 400.0)]
STATIONS = {"杭州东站": (30.290, 120.210), "杭州萧山国际机场": (30.230, 120.430)}
FAR = {"上海虹桥站": (31.194, 121.318), "上海虹桥国际机场": (31.197, 121.333)}
METRO = [("东站", "120.209,30.289"), ("城中", "120.156,30.252"), ("湖滨", "120.149,30.247")]


def write_world(folder: pathlib.Path) -> str:
    """The archive's path."""
    path = folder / "database.zip"
    with zipfile.ZipFile(path, "w") as archive:
        _city(archive, "hangzhou", STATIONS, SIGHTS, RESTAURANTS, HOTELS)
        _city(archive, "shanghai", FAR, [], [], [])
        for (origin, target), trains in TRAINS.items():
            keys = ("TrainID", "From", "To", "BeginTime", "EndTime", "Duration", "Cost")
            rows_json = [dict(zip(keys, row, strict=True)) for row in trains]
            archive.writestr(f"database/intercity_transport/train/from_{origin}_to_{target}.json", json.dumps(rows_json))
        keys = ("FlightID", "From", "To", "BeginTime", "EndTime", "Duration", "Cost")
        lines = [json.dumps(dict(zip(keys, row, strict=True))) for row in FLIGHTS]
        archive.writestr("database/intercity_transport/airplane.jsonl", "\n".join(lines))
        stations = [{"name": name, "position": position} for name, position in METRO]
        archive.writestr("database/transportation/subways.json", json.dumps({"hangzhou": [{"name": "1", "stations": stations}]}))
    return str(path)


def _city(
    archive: zipfile.ZipFile, key: str, stations: dict[str, Any], sights: list[Any], places: list[Any], hotels: list[Any]
) -> None:
    poi = [{"name": name, "position": list(position)} for name, position in stations.items()]
    shelves: list[list[Any]] = [sights, places, hotels]
    for rows in shelves:
        poi += [{"name": row[0], "position": [row[2], row[3]]} for row in rows]
    archive.writestr(f"database/poi/{key}/poi.json", json.dumps(poi))
    head = ["name", "type", "lat", "lon", "opentime", "endtime", "price", "recommendmintime", "recommendmaxtime"]
    archive.writestr(f"database/attractions/{key}/attractions.csv", _table(head, sights))
    head = ["name", "cuisine", "lat", "lon", "price", "opentime", "endtime"]
    archive.writestr(f"database/restaurants/{key}/restaurants_{key}.csv", _table(head, places))
    head = ["name", "featurehoteltype", "lat", "lon", "price", "numbed"]
    archive.writestr(f"database/accommodations/{key}/accommodations.csv", _table(head, hotels))


def _table(head: list[str], rows: list[Any]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([head, *rows])
    return text.getvalue()
