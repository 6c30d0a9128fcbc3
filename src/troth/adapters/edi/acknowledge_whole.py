"""The interchange in which acknowledgments go back to who sent what they are about."""

from datetime import datetime

from troth.adapters.edi.acknowledge import acknowledge
from troth.adapters.edi.acknowledge_x12 import GROUP_CODE, write_receipt
from troth.adapters.edi.flaws import ReadInterchange
from troth.adapters.edi.segments import Group, Interchange, Syntax
from troth.model.edi_partner import AckForm


def acknowledge_whole(read: ReadInterchange, form: AckForm, *, control: int, at: datetime) -> Interchange | None:
    """The acknowledgments of an interchange in one of their own, with a receipt (TA1) where X12 asks for one; None
    where nothing is to be acknowledged. `at` is without an offset.
    """
    came = read.interchange
    transactions = acknowledge(read, (), form)
    receipts = (write_receipt(read),) if came.syntax is Syntax.X12 and came.wants_receipt else ()
    if not transactions and not receipts:
        return None
    if came.syntax is Syntax.X12:
        versions = {one.convention or one.version for one in transactions}
        ends = (came.receiver.identification, came.sender.identification)
        groups = tuple(
            Group(GROUP_CODE, *ends, f"{control + nth}", version, of_version)
            for nth, version in enumerate(sorted(versions))
            if (of_version := tuple(one for one in transactions if (one.convention or one.version) == version))
        )
        name = f"{control:09}"
    else:
        groups, name = (Group("", "", "", "", "", transactions),), f"{control}"
    return Interchange(came.syntax, came.receiver, came.sender, name, at, came.is_test, groups, receipts=receipts)
