-- Views and example queries. Run in the output root: duckdb -c ".read deploy/warehouse/duckdb.sql"
-- For gs:// or s3://: INSTALL httpfs, and use full URLs.
-- Files are never changed: a recording that is redacted again adds rows. `run_date` is a DATE, from the folders.

CREATE OR REPLACE VIEW all_transcripts AS
FROM read_parquet('transcripts/run_date=*/*.parquet', hive_partitioning = true, union_by_name = true, filename = true);
CREATE OR REPLACE VIEW all_findings AS
FROM read_parquet('findings/run_date=*/*.parquet', hive_partitioning = true, union_by_name = true);
CREATE OR REPLACE VIEW errors AS
FROM read_parquet('errors/run_date=*/*.parquet', hive_partitioning = true, union_by_name = true);
CREATE OR REPLACE VIEW notifications AS
FROM read_parquet('notifications/run_date=*/*.parquet', hive_partitioning = true, union_by_name = true);

-- The runs of each recording, and the run whose rows replace theirs. Reads three narrow columns.
CREATE OR REPLACE VIEW recording_runs AS
SELECT recording_id, run_id, processed_at, lead(run_id) OVER (
         PARTITION BY recording_id ORDER BY processed_at, run_id) AS superseded_by
FROM (SELECT DISTINCT recording_id, run_id, processed_at FROM all_transcripts);

-- Current rows. A filter on run_date is applied before files are opened.
CREATE OR REPLACE VIEW transcripts AS
SELECT * EXCLUDE (filename) REPLACE (
         regexp_replace(filename, 'transcripts/run_date=[^/]*/[^/]*$', '') || redacted_audio_url AS redacted_audio_url)
FROM all_transcripts AS row
WHERE NOT EXISTS (FROM recording_runs AS run
                  WHERE run.recording_id = row.recording_id AND run.run_id = row.run_id AND superseded_by IS NOT NULL);
CREATE OR REPLACE VIEW findings AS
FROM all_findings AS row
WHERE NOT EXISTS (FROM recording_runs AS run
                  WHERE run.recording_id = row.recording_id AND run.run_id = row.run_id AND superseded_by IS NOT NULL);

-- All rows, with `is_current` and `superseded_by`.
CREATE OR REPLACE VIEW transcript_history AS
SELECT row.* EXCLUDE (filename), superseded_by IS NULL AS is_current, superseded_by
FROM all_transcripts AS row JOIN recording_runs USING (recording_id, run_id);
CREATE OR REPLACE VIEW finding_history AS
SELECT row.*, superseded_by IS NULL AS is_current, superseded_by
FROM all_findings AS row JOIN recording_runs USING (recording_id, run_id);

-- Findings for each hour of audio, by policy.
CREATE OR REPLACE VIEW findings_per_hour AS
WITH hours AS (SELECT sum(duration_s) / 3600 AS hours FROM transcripts)
SELECT policy, count(*) AS findings, count(DISTINCT recording_id) AS recordings, count(*) / any_value(hours) AS per_hour
FROM findings, hours
GROUP BY policy;

-- Recordings whose last attempt did not complete, and whether a retry may help. A line without an id counts as one.
CREATE OR REPLACE VIEW not_completed AS
WITH attempts AS (
  SELECT *, coalesce(recording_id, manifest || ':' || line) AS recording,
         max(processed_at) OVER (PARTITION BY recording) AS last_failed_at
  FROM errors)
SELECT status, stage, error_class, retryable, count(DISTINCT recording) AS recordings
FROM attempts AS attempt
WHERE processed_at = last_failed_at
  AND NOT EXISTS (FROM all_transcripts AS row
                  WHERE row.recording_id = attempt.recording_id AND row.processed_at > attempt.processed_at)
GROUP BY ALL;

-- Recordings with the largest muted share of their channels: review these first.
CREATE OR REPLACE VIEW most_muted AS
SELECT recording_id, duration_s, muted_s, muted_s / (duration_s * channels) AS share
FROM transcripts
WHERE duration_s > 0;

-- Every word of the redacted transcripts, one a row, with its time.
CREATE OR REPLACE VIEW words AS
SELECT run_date, recording_id, utterance.channel, utterance.speaker, word.text, word.start_s, word.end_s, word.redacted
FROM (SELECT run_date, recording_id, unnest(utterances) AS utterance FROM transcripts),
     LATERAL (SELECT unnest(utterance.words) AS word);

FROM findings_per_hour ORDER BY findings DESC, policy;
FROM not_completed ORDER BY recordings DESC;
FROM most_muted ORDER BY share DESC, recording_id LIMIT 20;
