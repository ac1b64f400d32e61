-- activity_daily with what the enrollment tells of the day.
CREATE VIEW activity_day AS
SELECT d.tenant, d.course, d.person, d.day, d.events, d.sessions, d.duration, d.completions,
    coalesce((e.enrolled_at AT TIME ZONE 'UTC')::date = d.day, false) AS enrolled,
    coalesce((e.started_at AT TIME ZONE 'UTC')::date = d.day, false) AS started,
    coalesce((e.completed_at AT TIME ZONE 'UTC')::date = d.day, false) AS completed,
    d.scores, CASE WHEN d.scores > 0 THEN round(d.score_sum::numeric / 1000000 / d.scores, 6) END AS score
FROM activity_daily d LEFT JOIN enrollment e USING (tenant, course, person);
