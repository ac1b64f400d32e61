-- Read models of one course as they were at a position, or would be with `said` set there: each in a schema of this name
-- beside the live tables. It follows from the log, and may be dropped at any time. done, of: how far its building is, in
-- statements. reason: why it cannot be built; null where that failed by a fault of the server.
CREATE TABLE course_world (
    tenant   integer NOT NULL,
    name     text NOT NULL,
    course   uuid NOT NULL,
    position bigint NOT NULL,
    said     json NOT NULL,
    state    text NOT NULL CHECK (state IN ('asked', 'building', 'ready', 'failed')),
    asked    timestamptz NOT NULL DEFAULT now(),
    used     timestamptz NOT NULL DEFAULT now(),
    done     bigint NOT NULL DEFAULT 0,
    of       bigint NOT NULL DEFAULT 0,
    reason   text,
    PRIMARY KEY (tenant, name)
);
