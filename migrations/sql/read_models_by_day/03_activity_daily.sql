-- What one learner did in one course on one day of UTC. docs/read-models.md, section 13.
-- facts: all of the day. visits: JSON, of each the microseconds of the day at which it began and ended, and the longest
-- duration told in it: what another fact of the day is added to. score_sum: in millionths.
CREATE TABLE activity_daily (
    tenant      integer NOT NULL,
    course      uuid NOT NULL,
    person      uuid NOT NULL,
    day         date NOT NULL,
    facts       integer NOT NULL,
    events      integer NOT NULL,
    sessions    integer NOT NULL,
    duration    bigint NOT NULL,
    visits      text NOT NULL,
    completions integer NOT NULL,
    scores      integer NOT NULL,
    score_sum   bigint NOT NULL,
    PRIMARY KEY (tenant, course, person, day)
) WITH (fillfactor = 80);
CREATE INDEX activity_daily_of_day ON activity_daily (tenant, course, day, person);
