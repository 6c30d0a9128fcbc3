"""Status codes of carriers in our words: of ANSI X12 214 (AT7, element 1650) and of EDIFACT IFTSTA (STS, element 9011).

Each list is whole: a code is in its table, is an estimate, or says nothing of where a parcel stands. A code that could
be said of either end of the way says nothing: `64`, that a pick-up is awaited, may be the carrier's or the customer's.

*Source:* X12 transaction set 214, segment AT7, the 42 codes of element 1650; UN/EDIFACT directory D.96A, the 103 codes
of element 9011, which UN/ECE Recommendation 24, *Trade and Transport Status Codes*, has under the same numbers.
"""

from collections.abc import Mapping
from typing import Final

from troth.model.tracking import TrackStatus

_S = TrackStatus

X12_214: Final[Mapping[str, TrackStatus]] = {
    "XB": _S.ANNOUNCED,  # shipment acknowledged
    "AA": _S.ANNOUNCED,  # pick-up appointment
    "OO": _S.ANNOUNCED,  # paperwork received, and no shipment
    "X3": _S.ANNOUNCED,  # arrived at pick-up location
    "X8": _S.ANNOUNCED,  # arrived at pick-up location's loading dock
    "L1": _S.ANNOUNCED,  # loading
    "CP": _S.HANDED_OVER,  # completed loading at pick-up location
    "AF": _S.HANDED_OVER,  # departed pick-up location with shipment
    "AM": _S.HANDED_OVER,  # loaded on truck
    "CL": _S.IN_TRANSIT,  # trailer closed out
    "R1": _S.IN_TRANSIT,  # received from prior carrier
    "X4": _S.IN_TRANSIT,  # arrived at terminal
    "P1": _S.IN_TRANSIT,  # departed terminal
    "BA": _S.IN_TRANSIT,  # connecting line or cartage pick-up
    "BC": _S.IN_TRANSIT,  # storage in transit
    "AN": _S.IN_TRANSIT,  # diverted to air carrier
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
    "2": _S.ANNOUNCED,  # authorized to load
    "6": _S.ANNOUNCED,  # booked
    "50": _S.ANNOUNCED,  # manifested
    "53": _S.ANNOUNCED,  # no pick-up
    "55": _S.ANNOUNCED,  # not collected
    "63": _S.ANNOUNCED,  # package not ready
    "68": _S.ANNOUNCED,  # pre-informed
    "71": _S.ANNOUNCED,  # ready for transportation
    "84": _S.ANNOUNCED,  # service ordered
    "13": _S.HANDED_OVER,  # collected
    "1": _S.IN_TRANSIT,  # arrived
    "15": _S.IN_TRANSIT,  # consolidated
    "16": _S.IN_TRANSIT,  # crossed border
    "24": _S.IN_TRANSIT,  # departed
    "26": _S.IN_TRANSIT,  # deramped
    "27": _S.IN_TRANSIT,  # despatched
    "28": _S.IN_TRANSIT,  # stripped
    "29": _S.IN_TRANSIT,  # discharged
    "31": _S.IN_TRANSIT,  # en route
    "35": _S.IN_TRANSIT,  # expedited to destination
    "37": _S.IN_TRANSIT,  # found
    "40": _S.IN_TRANSIT,  # at port
    "41": _S.IN_TRANSIT,  # handover
    "42": _S.IN_TRANSIT,  # handover delivered
    "43": _S.IN_TRANSIT,  # handover received
    "44": _S.IN_TRANSIT,  # ill-routed consignment reforwarded
    "45": _S.IN_TRANSIT,  # informed consignee of arrival
    "47": _S.IN_TRANSIT,  # into packing depot
    "48": _S.IN_TRANSIT,  # loaded
    "59": _S.IN_TRANSIT,  # off loaded
    "70": _S.IN_TRANSIT,  # ramped
    "74": _S.IN_TRANSIT,  # received
    "76": _S.IN_TRANSIT,  # reforwarding on request
    "79": _S.IN_TRANSIT,  # reloaded
    "91": _S.IN_TRANSIT,  # stored
    "92": _S.IN_TRANSIT,  # stowed
    "93": _S.IN_TRANSIT,  # stuffed
    "94": _S.IN_TRANSIT,  # stuffed and sealed
    "98": _S.IN_TRANSIT,  # transferred in
    "99": _S.IN_TRANSIT,  # transferred out
    "100": _S.IN_TRANSIT,  # transhipment
    "8": _S.CUSTOMS,  # cleared import restrictions
    "9": _S.CUSTOMS,  # cleared export restrictions
    "10": _S.CUSTOMS,  # cleared by agriculture, food or fisheries authorities
    "11": _S.CUSTOMS,  # cleared by port authority
    "12": _S.CUSTOMS,  # cleared by customs
    "17": _S.CUSTOMS,  # customs refusal
    "39": _S.CUSTOMS,  # from bond
    "46": _S.CUSTOMS,  # into bond
    "20": _S.DELAYED,  # delayed
    "25": _S.DELAYED,  # departure delay
    "51": _S.DELAYED,  # means of transport damaged
    "52": _S.DELAYED,  # mechanical breakdown
    "57": _S.DELAYED,  # not loaded
    "75": _S.DELAYED,  # reconsigned
    "85": _S.DELAYED,  # short landed
    "86": _S.DELAYED,  # short shipped
    "87": _S.DELAYED,  # sorted wrong route
    "90": _S.DELAYED,  # stopped
    "101": _S.DELAYED,  # transit delay
    "23": _S.ATTEMPTED,  # delivery not completed
    "56": _S.ATTEMPTED,  # not delivered
    "3": _S.DAMAGED,  # arrived in defective condition
    "18": _S.DAMAGED,  # damaged
    "66": _S.DAMAGED,  # plundered
    "97": _S.DAMAGED,  # surveyed damage
    "21": _S.DELIVERED,  # delivered
    "22": _S.DELIVERED,  # delivery completed
    "72": _S.DELIVERED,  # receipt fully acknowledged
    "77": _S.RETURNED,  # refused without reason given
    "80": _S.RETURNED,  # returned as instructed
    "81": _S.RETURNED,  # returned as wreck
    "82": _S.RETURNED,  # returned
    "36": _S.LOST,  # not found
    "49": _S.LOST,  # lost
    "69": _S.LOST,  # put to refuse
}

TABLES: Final[Mapping[str, Mapping[str, TrackStatus]]] = {"x12_214": X12_214, "iftsta": IFTSTA}
"""The tables by the name that a setting chooses them with."""

ESTIMATES: Final[Mapping[str, frozenset[str]]] = {
    "x12_214": frozenset({"AG", "X2"}),  # estimated delivery, estimated arrival at consignee
    "iftsta": frozenset(),
}
"""Codes whose time is not when something was, but when the carrier expects to deliver."""

SILENT: Final[Mapping[str, frozenset[str]]] = {
    "x12_214": frozenset({"B6", "C1", "CA", "CD"}),
    "iftsta": frozenset(
        map(
            str,
            (4, 5, 7, 14, 19, 30, 32, 33, 34, 38, 54, 58, 60, 61, 62, 64, 65, 67, 73, 78, 83, 88, 89, 95, 96, 102, 103),
        )
    ),
}
"""Codes that say nothing of where a parcel stands: of equipment, of papers, or of either end of the way."""


def read_code(code: str, table: str) -> str:
    """A carrier's code in our words; one that the table does not have, as it is told, in small letters.

    >>> read_code("X6", "x12_214"), read_code("21", "iftsta"), read_code("ZZ", "x12_214"), read_code("picked_up", "")
    ('out_for_delivery', 'delivered', 'zz', 'picked_up')
    """
    found = TABLES.get(table, {}).get(code)
    return code.lower() if found is None else found.value
