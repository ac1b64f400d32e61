-- One learner in one course: the roster's line, with the learner's own part of progress and grade.
-- What also depends on the outline (progress, grade_if_nothing_more, passed) is in the view enrollment_standing.
CREATE TABLE enrollment (
    tenant           integer NOT NULL,
    course           uuid NOT NULL,
    person           uuid NOT NULL,
    status           text NOT NULL,
    enrolled_at      timestamptz NOT NULL,
    started_at       timestamptz,
    last_activity_at timestamptz,
    last_activity_id uuid,
    completed_at     timestamptz,
    satisfied_by     uuid,
    completed_nodes  integer NOT NULL,
    progress_sum     double precision NOT NULL,
    own_score        double precision,
    score_sum        double precision NOT NULL,
    scores           integer NOT NULL,
    verdict          boolean,
    PRIMARY KEY (tenant, course, person)
);
CREATE INDEX enrollment_last_activity ON enrollment (tenant, last_activity_at) WHERE status = 'active';
CREATE INDEX enrollment_enrolled ON enrollment (tenant, enrolled_at) WHERE status = 'active';
