-- What one more unit of an item is worth at each node, in sets that are published as a whole under a version.

-- The newest finished set is in force. A set that was dropped decides nothing any more, and its rows go little by little.
CREATE TABLE price_sets (
    set_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version text NOT NULL CONSTRAINT price_sets_have_versions_of_their_own UNIQUE,
    made_at timestamptz NOT NULL,
    begun_at timestamptz NOT NULL,
    finished_at timestamptz,
    dropped_at timestamptz,
    lines bigint
);

-- What a set does not say is null.
CREATE TABLE unit_prices (
    set_id bigint NOT NULL,
    sku text NOT NULL,
    node text NOT NULL,
    minor double precision CONSTRAINT unit_prices_are_amounts CHECK (minor >= 0),
    markdown_minor double precision CONSTRAINT unit_prices_mark_down_amounts CHECK (markdown_minor >= 0),
    weekly_units double precision CONSTRAINT unit_prices_sell_amounts CHECK (weekly_units >= 0),
    PRIMARY KEY (set_id, sku, node)
);
INSERT INTO reference_versions VALUES ('unit-prices', 1);
