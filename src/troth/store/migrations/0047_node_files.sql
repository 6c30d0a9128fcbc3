-- How far the files of nodes are that get their work in a folder, and how its folder was last.
CREATE TABLE node_files (
    node text PRIMARY KEY,
    written bigint NOT NULL,
    writing bigint,
    claimed_until timestamptz,
    attempt_at timestamptz NOT NULL,
    failures integer NOT NULL DEFAULT 0,
    last_error text NOT NULL DEFAULT '',
    wrote_at timestamptz,
    read_at timestamptz
);
