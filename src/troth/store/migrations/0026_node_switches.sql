-- Nodes that somebody switched off, until when and why. One whose time is over is on again by itself.
CREATE TABLE node_switches (
    node text PRIMARY KEY,
    reason text NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz,
    switched_by text NOT NULL
);
INSERT INTO reference_versions VALUES ('node-switches', 1);
