-- One day of one course. docs/read-models.md, section 14.
CREATE VIEW course_daily AS
SELECT tenant, course, day, count(*) FILTER (WHERE enrolled) AS enrolled, count(*) FILTER (WHERE events > 0) AS active,
    count(*) FILTER (WHERE started) AS started, count(*) FILTER (WHERE completed) AS completed,
    sum(events) AS events, sum(completions) AS completions, round(avg(score), 6) AS mean_score,
    round((percentile_cont(0.5) WITHIN GROUP (ORDER BY score::double precision))::numeric, 6) AS median_score
FROM activity_day GROUP BY tenant, course, day;
