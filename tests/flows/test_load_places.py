"""The first address abroad keeps nobody waiting."""

import subprocess
import sys


def test_the_tables_of_places_are_read_before_the_first_address_abroad_comes() -> None:
    told = (
        "from troth.flows.places import places; from troth.flows.places.load_places import load_places;"
        "tables = (places._places, places._cities, places._zip_rows, places._zones_of_countries);"
        "before = [one.cache_info().currsize for one in tables]; load_places();"
        "print(before, [one.cache_info().currsize for one in tables])"
    )
    ended = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[0, 0, 0, 0] [1, 1, 1, 1]"
