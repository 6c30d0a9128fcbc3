-- The work of nodes by status, with what they still have to put back.
DROP INDEX fulfillments_of_work;
CREATE INDEX fulfillments_of_work ON fulfillments (status, ship_by, fulfillment_id)
    WHERE status IN ('released', 'accepted', 'picked', 'packed', 'ready', 'shipped', 'uncollected', 'unclaimed');
DROP INDEX fulfillments_to_put_back;
