-- For analysts: the read models in plain words. docs/analytics.md. Every join is a LEFT JOIN on a whole key.
CREATE VIEW analytics.media_coverage AS
SELECT m.tenant, m.course AS course_id, c.iri AS course, m.person AS learner_id, p.ifi AS learner, m.node AS activity_id,
    a.iri AS activity, m.length::numeric AS length_seconds, m.fraction::numeric AS fraction, m.source,
    m.segments::jsonb AS segments, m.plays::jsonb AS plays, m.statements
FROM media_coverage m
LEFT JOIN iri c ON c.tenant = m.tenant AND c.id = m.course
LEFT JOIN person p ON p.tenant = m.tenant AND p.person = m.person
LEFT JOIN iri a ON a.tenant = m.tenant AND a.id = m.node;

CREATE VIEW analytics.item_response AS
SELECT r.tenant, r.course AS course_id, c.iri AS course, r.person AS learner_id, p.ifi AS learner, r.node AS activity_id,
    a.iri AS activity, r.id AS statement_id, r.at AS "time", r.attempt, r.response, r.success, r.score::numeric AS score,
    r.duration * 0.001 AS duration_seconds, r.first_try, r.final
FROM item_response r
LEFT JOIN iri c ON c.tenant = r.tenant AND c.id = r.course
LEFT JOIN person p ON p.tenant = r.tenant AND p.person = r.person
LEFT JOIN iri a ON a.tenant = r.tenant AND a.id = r.node;

CREATE VIEW analytics.activity_daily AS
SELECT d.tenant, d.course AS course_id, c.iri AS course, d.person AS learner_id, p.ifi AS learner, d.day, d.events,
    d.sessions, d.duration * 0.001 AS duration_seconds, d.completions, d.enrolled, d.started, d.completed, d.scores,
    d.score
FROM activity_day d
LEFT JOIN iri c ON c.tenant = d.tenant AND c.id = d.course
LEFT JOIN person p ON p.tenant = d.tenant AND p.person = d.person;

CREATE VIEW analytics.course_daily AS
SELECT d.tenant, d.course AS course_id, c.iri AS course, d.day, d.enrolled, d.active, d.started, d.completed, d.events,
    d.completions, d.mean_score, d.median_score
FROM course_daily d LEFT JOIN iri c ON c.tenant = d.tenant AND c.id = d.course;

CREATE VIEW analytics.unassigned AS
SELECT u.tenant, u.position, u.id AS statement_id, u.at AS "time", u.person AS learner_id, p.ifi AS learner,
    u.activity AS activity_id, a.iri AS activity, u.verb AS verb_id, v.iri AS verb, u.event, u.registration, u.reason
FROM unassigned u
LEFT JOIN iri v ON v.tenant = u.tenant AND v.id = u.verb
LEFT JOIN person p ON p.tenant = u.tenant AND p.person = u.person
LEFT JOIN iri a ON a.tenant = u.tenant AND a.id = u.activity;
