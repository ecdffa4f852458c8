-- External tables over one output root: BigQuery reads the Parquet files where they are. Replace BUCKET and DATASET.
-- Rows of recordings that are done again are replaced in the files themselves, so every row is current.
CREATE OR REPLACE EXTERNAL TABLE DATASET.transcripts
OPTIONS (format = 'PARQUET', uris = ['gs://BUCKET/redacted/transcripts/*.parquet']);

CREATE OR REPLACE EXTERNAL TABLE DATASET.findings
OPTIONS (format = 'PARQUET', uris = ['gs://BUCKET/redacted/findings/*.parquet']);

CREATE OR REPLACE EXTERNAL TABLE DATASET.errors
OPTIONS (format = 'PARQUET', uris = ['gs://BUCKET/redacted/errors/*.parquet']);

CREATE OR REPLACE EXTERNAL TABLE DATASET.notifications
OPTIONS (format = 'PARQUET', uris = ['gs://BUCKET/redacted/notifications/*.parquet']);
