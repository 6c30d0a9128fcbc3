-- Manifests: what a node hands to a carrier on a day. Each is written with the labels that are on it before its carrier is told.

CREATE TABLE manifests (
    manifest_id text PRIMARY KEY,
    node text NOT NULL,
    carrier text NOT NULL,
    day date NOT NULL,
    number integer NOT NULL CONSTRAINT manifests_count_from_one CHECK (number > 0),
    state text NOT NULL,
    version integer NOT NULL,
    due_at timestamptz,
    claimed_until timestamptz,
    manifest json NOT NULL
);
CREATE INDEX manifests_by_node ON manifests (node, day DESC, manifest_id);
CREATE INDEX manifests_by_due ON manifests (due_at) WHERE due_at IS NOT NULL;

ALTER TABLE labels ADD COLUMN manifest_id text;
CREATE INDEX labels_to_manifest ON labels (node, carrier) WHERE state = 'bought' AND manifest_id IS NULL;
