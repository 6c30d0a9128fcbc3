-- What was delivered when, so that kept promises are counted without reading all work.
CREATE INDEX fulfillments_by_delivery ON fulfillments (delivered_at) WHERE delivered_at IS NOT NULL;
