DROP TABLE limit_quota;
DROP TABLE limit_rate;
