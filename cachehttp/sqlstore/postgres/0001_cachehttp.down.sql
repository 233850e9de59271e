DROP TABLE cachehttp_entry;
DROP TABLE cachehttp_purge;
DROP TABLE cachehttp_version;
