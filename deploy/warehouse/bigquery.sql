-- Tables and views over one output root: BigQuery reads the Parquet files in place. Replace BUCKET and DATASET. Where runs
-- keep Iceberg or Delta tables, let BigQuery read those instead: docs/table_formats.md.
--
-- Name nights in queries: WHERE run_date >= '2026-11-01'. So BigQuery opens no other files, but for the narrow columns of
-- recording_runs. Without nights, queries of errors and notifications are refused.
-- enable_list_inference: utterances are ARRAY<STRUCT<…>>; without it they would be utterances.list[].element.
-- Maps are read as they lie in the files: metadata.key_value is ARRAY<STRUCT<key, value>>.
CREATE OR REPLACE EXTERNAL TABLE DATASET.all_transcripts
WITH PARTITION COLUMNS (run_date DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/redacted/transcripts/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/redacted/transcripts',
  enable_list_inference = TRUE
);

CREATE OR REPLACE EXTERNAL TABLE DATASET.all_findings
WITH PARTITION COLUMNS (run_date DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/redacted/findings/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/redacted/findings',
  enable_list_inference = TRUE
);

CREATE OR REPLACE EXTERNAL TABLE DATASET.errors
WITH PARTITION COLUMNS (run_date DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/redacted/errors/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/redacted/errors',
  require_hive_partition_filter = TRUE,
  enable_list_inference = TRUE
);

CREATE OR REPLACE EXTERNAL TABLE DATASET.notifications
WITH PARTITION COLUMNS (run_date DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['gs://BUCKET/redacted/notifications/*'],
  hive_partition_uri_prefix = 'gs://BUCKET/redacted/notifications',
  require_hive_partition_filter = TRUE,
  enable_list_inference = TRUE
);

-- The runs of each recording, and the run whose rows replace theirs. Reads three narrow columns.
CREATE OR REPLACE VIEW DATASET.recording_runs AS
SELECT recording_id, run_id, processed_at,
       LEAD(run_id) OVER (PARTITION BY recording_id ORDER BY processed_at, run_id) AS superseded_by
FROM (SELECT DISTINCT recording_id, run_id, processed_at FROM DATASET.all_transcripts);

-- Current rows.
CREATE OR REPLACE VIEW DATASET.transcripts AS
SELECT t.* REPLACE (CONCAT('gs://BUCKET/redacted/', t.redacted_audio_url) AS redacted_audio_url)
FROM DATASET.all_transcripts AS t
WHERE NOT EXISTS (SELECT 1 FROM DATASET.recording_runs AS r
                  WHERE r.recording_id = t.recording_id AND r.run_id = t.run_id AND r.superseded_by IS NOT NULL);
CREATE OR REPLACE VIEW DATASET.findings AS
SELECT f.*
FROM DATASET.all_findings AS f
WHERE NOT EXISTS (SELECT 1 FROM DATASET.recording_runs AS r
                  WHERE r.recording_id = f.recording_id AND r.run_id = f.run_id AND r.superseded_by IS NOT NULL);

-- All rows, with `is_current` and `superseded_by`.
CREATE OR REPLACE VIEW DATASET.transcript_history AS
SELECT t.*, r.superseded_by IS NULL AS is_current, r.superseded_by
FROM DATASET.all_transcripts AS t
JOIN DATASET.recording_runs AS r ON r.recording_id = t.recording_id AND r.run_id = t.run_id;
CREATE OR REPLACE VIEW DATASET.finding_history AS
SELECT f.*, r.superseded_by IS NULL AS is_current, r.superseded_by
FROM DATASET.all_findings AS f
JOIN DATASET.recording_runs AS r ON r.recording_id = f.recording_id AND r.run_id = f.run_id;

-- Every word of the redacted transcripts, one a row, with its time.
CREATE OR REPLACE VIEW DATASET.words AS
SELECT
  transcripts.run_date,
  transcripts.recording_id,
  utterance.channel,
  utterance.speaker,
  word.text,
  word.start_s,
  word.end_s,
  word.redacted
FROM DATASET.transcripts AS transcripts, UNNEST(transcripts.utterances) AS utterance, UNNEST(utterance.words) AS word;
