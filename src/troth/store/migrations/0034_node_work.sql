-- What was seen of the work of nodes.

-- How long tasks took, by part of the local day (band 0: from midnight; six hours each), weighed as of an instant.
CREATE TABLE task_evidence (
    node text NOT NULL,
    is_weekend boolean NOT NULL,
    band smallint NOT NULL,
    as_of timestamptz NOT NULL,
    tasks double precision NOT NULL,
    minutes double precision NOT NULL,
    squares double precision NOT NULL,
    PRIMARY KEY (node, is_weekend, band)
);
-- When the last task of each node was done.
CREATE TABLE last_tasks (
    node text PRIMARY KEY,
    done_at timestamptz NOT NULL
);
-- How the work of each node went, by its local day.
CREATE TABLE node_tallies (
    node text NOT NULL,
    day date NOT NULL,
    done bigint NOT NULL,
    on_time bigint NOT NULL,
    rejected bigint NOT NULL,
    missed bigint NOT NULL,
    units bigint NOT NULL,
    short bigint NOT NULL,
    tasks bigint NOT NULL,
    minutes double precision NOT NULL,
    PRIMARY KEY (node, day)
);
CREATE INDEX node_tallies_by_day ON node_tallies (day);
INSERT INTO log_readers VALUES ('node work', '0', 0);
INSERT INTO reference_versions VALUES ('node-work', 1);
