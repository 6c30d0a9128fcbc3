-- The pickups that wait to be made ready, which are counted every few seconds. Only they are in it, so that nothing else pays for it.
CREATE INDEX fulfillments_waiting_as_pickups ON fulfillments (node, ship_by)
    WHERE method IN ('pickup', 'curbside') AND via IS NULL AND status IN ('reserved', 'released', 'accepted', 'picked');
