-- Statements that the folds could not digest, and those that wait behind them. docs/dead-letters.md.
CREATE TABLE dead_letter (
    tenant          integer NOT NULL,
    position        bigint NOT NULL,
    version         integer NOT NULL,
    statement       uuid NOT NULL,
    stored          timestamptz NOT NULL,
    key             uuid,
    learner         text,
    state           text NOT NULL,
    voided_position bigint,
    attempts        integer NOT NULL,
    error           text NOT NULL,
    message         text NOT NULL,
    frames          text NOT NULL,
    last_at         timestamptz NOT NULL,
    decided_by      text,
    reason          text,
    PRIMARY KEY (tenant, position)
);
