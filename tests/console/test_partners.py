"""The pages of trading partners: what came and went, read segment by segment, and once more with one click."""

import httpx

from tests.console.conftest import post
from tests.flows.trading_partners import agree, edi_partner
from troth.flows.door.system import System
from troth.model.edi_interchange import Direction, Fate, InterchangeState, PlacedFlaw, Report, ReportedTransaction
from troth.model.edi_interchange import StoredInterchange as Stored
from troth.store.database import transaction
from troth.store.edi_interchanges import append_interchange, read_interchange, take_out_number

TEXT = b"ISA*00*          *00*          *ZZ*TROTH          *ZZ*3PLEAST        *261123*1100*U*00401*000000001*0*P*>~"
BODY = b"GS*OW*TROTH*3PLEAST*20261123*1100*1*X*004010~ST*940*0001~N4*<b>*NY~SE*3*0001~GE*1*1~IEA*1*000000001~"


async def test_an_interchange_is_shown_with_its_flaws_at_their_place_and_sent_again(
    system: System, client: httpx.AsyncClient
) -> None:
    await agree(system, edi_partner())
    flaw = PlacedFlaw(2, "N4", 1, 0, "is no city", "<b>")
    part = ReportedTransaction("1", "0001", "940", Fate.REFUSED, (flaw,))
    async with transaction(system.pool) as connection:
        number, position = await take_out_number(connection, "3PL-EAST")
        out = Stored(
            "3PL-EAST", Direction.OUT, number, "000000001", InterchangeState.SENT, TEXT + BODY, "",
            Report((), (part,)), system.door.now(), position=position,
        )  # fmt: skip
        await append_interchange(connection, out)
    listed, one = await client.get("/console/partners"), await client.get("/console/partners/3PL-EAST")
    shown = await client.get("/console/partners/3PL-EAST/out/1")
    assert "East coast warehouse" in listed.text
    assert "000000001" in one.text
    assert "<strong>N4</strong>*&lt;b&gt;*NY" in shown.text
    assert "is no city: &lt;b&gt;" in shown.text
    again = await post(client, "/partners/3PL-EAST/out/1", "/partners/3PL-EAST/out/1/again")
    assert again.status_code == 303
    async with system.pool.acquire() as connection:
        found = await read_interchange(connection, "3PL-EAST", Direction.OUT, 1)
    assert found is not None
    assert (found.times, found.position) == (2, 2)
    assert (await client.get("/console/partners/NOBODY")).status_code == 404
