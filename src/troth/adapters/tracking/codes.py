"""Status codes of carriers in our words: of ANSI X12 214 (AT7, element 1650) and of EDIFACT IFTSTA (STS, UN/ECE
Recommendation 24). What is in neither table says nothing of where a parcel stands.

*Source:* X12 transaction set 214, segment AT7; UN/ECE Recommendation 24, *Trade and Transport Status Codes*, as EANCOM
1997 lists them for IFTSTA.
"""

from collections.abc import Mapping
from typing import Final

from troth.model.tracking import TrackStatus

_S = TrackStatus

X12_214: Final[Mapping[str, TrackStatus]] = {
    "XB": _S.ANNOUNCED,  # shipment acknowledged
    "AA": _S.ANNOUNCED,  # pick-up appointment
    "X3": _S.ANNOUNCED,  # arrived at pick-up location
    "X8": _S.ANNOUNCED,  # arrived at pick-up location's loading dock
    "L1": _S.ANNOUNCED,  # loading
    "CP": _S.HANDED_OVER,  # completed loading at pick-up location
    "AF": _S.HANDED_OVER,  # departed pick-up location with shipment
    "AM": _S.HANDED_OVER,  # loaded on truck
    "R1": _S.IN_TRANSIT,  # received from prior carrier
    "X4": _S.IN_TRANSIT,  # arrived at terminal
    "P1": _S.IN_TRANSIT,  # departed terminal
    "I1": _S.IN_TRANSIT,  # in-gate
    "OA": _S.IN_TRANSIT,  # out-gate
    "AR": _S.IN_TRANSIT,  # rail arrival at destination ramp
    "RL": _S.IN_TRANSIT,  # rail departure from origin ramp
    "J1": _S.IN_TRANSIT,  # delivered to connecting line
    "K1": _S.CUSTOMS,  # arrived at customs
    "PR": _S.CUSTOMS,  # customs hold at in-bond location
    "CT": _S.CUSTOMS,  # customs released
    "SD": _S.DELAYED,  # shipment delayed
    "AI": _S.DELAYED,  # reconsigned
    "X6": _S.OUT_FOR_DELIVERY,  # en route to delivery location
    "AJ": _S.OUT_FOR_DELIVERY,  # tendered for delivery
    "X1": _S.OUT_FOR_DELIVERY,  # arrived at delivery location
    "X5": _S.OUT_FOR_DELIVERY,  # arrived at delivery location's loading dock
    "S1": _S.OUT_FOR_DELIVERY,  # trailer spotted at consignee
    "AH": _S.ATTEMPTED,  # attempted delivery
    "AP": _S.ATTEMPTED,  # delivery not completed
    "AV": _S.WAITING,  # available for delivery
    "AW": _S.WAITING,  # available for pick-up
    "A9": _S.DAMAGED,  # shipment damaged
    "D1": _S.DELIVERED,  # completed unloading at delivery location
    "A3": _S.RETURNED,  # returned to shipper
    "A7": _S.RETURNED,  # refused by consignee
}

IFTSTA: Final[Mapping[str, TrackStatus]] = {
    "6": _S.ANNOUNCED,  # booked
    "54": _S.ANNOUNCED,  # not collected
    "13": _S.HANDED_OVER,  # collected
    "1": _S.IN_TRANSIT,  # arrived
    "16": _S.IN_TRANSIT,  # crossed border
    "31": _S.IN_TRANSIT,  # en route
    "12": _S.CUSTOMS,  # cleared by customs
    "3": _S.DAMAGED,  # arrived in defective condition
    "21": _S.DELIVERED,  # delivered
    "71": _S.DELIVERED,  # receipt fully acknowledged
    "49": _S.LOST,  # lost
}

TABLES: Final[Mapping[str, Mapping[str, TrackStatus]]] = {"x12_214": X12_214, "iftsta": IFTSTA}
"""The tables by the name that a setting chooses them with."""


def read_code(code: str, table: str) -> str:
    """A carrier's code in our words; one that the table does not have, as it is told, in small letters.

    >>> read_code("X6", "x12_214"), read_code("21", "iftsta"), read_code("ZZ", "x12_214"), read_code("picked_up", "")
    ('out_for_delivery', 'delivered', 'zz', 'picked_up')
    """
    found = TABLES.get(table, {}).get(code)
    return code.lower() if found is None else found.value
