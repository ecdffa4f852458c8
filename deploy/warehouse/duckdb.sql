-- Example queries. Run in the output root: duckdb -c ".read deploy/warehouse/duckdb.sql"
-- For gs:// or s3://: INSTALL httpfs, and use full URLs.

-- Findings for each hour of audio, by policy.
CREATE OR REPLACE VIEW findings_per_hour AS
WITH hours AS (SELECT sum(duration_s) / 3600 AS hours FROM 'transcripts/*.parquet')
SELECT policy, count(*) AS findings, count(DISTINCT recording_id) AS recordings, count(*) / any_value(hours) AS per_hour
FROM 'findings/*.parquet', hours
GROUP BY policy;

-- Recordings that did not complete, and whether a retry may help.
CREATE OR REPLACE VIEW not_completed AS
SELECT status, stage, error_class, retryable, count(*) AS recordings
FROM 'errors/*.parquet'
GROUP BY ALL;

-- Recordings with the largest muted share: review these first.
CREATE OR REPLACE VIEW most_muted AS
SELECT recording_id, duration_s, muted_s, muted_s / duration_s AS share
FROM 'transcripts/*.parquet'
WHERE duration_s > 0;

-- Every word of the redacted transcripts, one a row, with its time.
CREATE OR REPLACE VIEW words AS
SELECT recording_id, utterance.channel, utterance.speaker, word.text, word.start_s, word.end_s, word.redacted
FROM (SELECT recording_id, unnest(utterances) AS utterance FROM 'transcripts/*.parquet'),
     LATERAL (SELECT unnest(utterance.words) AS word);

FROM findings_per_hour ORDER BY findings DESC, policy;
FROM not_completed ORDER BY recordings DESC;
FROM most_muted ORDER BY share DESC, recording_id LIMIT 20;
