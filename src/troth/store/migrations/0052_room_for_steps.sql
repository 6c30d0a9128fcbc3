-- The steps of a part change nothing that an index has, so its row stays where it is as long as its page has room.
ALTER TABLE allocations SET (fillfactor = 70);
