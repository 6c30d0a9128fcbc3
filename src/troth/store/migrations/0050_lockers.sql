-- What lies in a locker, or is to be laid there, is found by it.
CREATE INDEX fulfillments_in_lockers ON fulfillments ((booking #>> '{stay,locker}'), status) WHERE booking #>> '{stay,locker}' IS NOT NULL;
