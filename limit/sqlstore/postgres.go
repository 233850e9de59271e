package sqlstore

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/glueful/glueful-go/limit"
)

// takeRate charges one rate. The row is locked by the upsert, and its condition
// sees the row as it is then. If the condition fails the row is read as it was
// when the statement began; if a concurrent statement has just inserted it, there
// is no row at all, which the caller takes for a race and never for a yes.
const takeRate = `
WITH a AS MATERIALIZED (
	SELECT $1::bytea AS key, $2::bigint AS cost, $3::bigint AS most,
		(extract(epoch FROM clock_timestamp())*1000000)::bigint*1000 AS now
), t AS (
	INSERT INTO limit_rate AS r (key, at)
	SELECT key, now+cost FROM a WHERE cost <= most
	ON CONFLICT (key) DO UPDATE SET at = greatest(r.at, excluded.at-$2) + $2
	WHERE greatest(r.at, excluded.at-$2) + $2 - (excluded.at-$2) <= $3
	RETURNING at
)
SELECT true, t.at, 0::bigint, a.now FROM t, a
UNION ALL
SELECT false, greatest(coalesce(r.at, 0), a.now), 0::bigint, a.now FROM a LEFT JOIN limit_rate r ON r.key = a.key
WHERE NOT EXISTS (SELECT FROM t) AND (r.key IS NOT NULL OR a.cost > a.most)`

// takeAll charges several asks, or none. It locks the rows there are, in one
// order, sees whether all pass, and only then writes. A row that someone
// else inserts meanwhile makes the last column divide by zero, so that the whole
// statement is undone.
const takeAll = `
WITH c AS MATERIALIZED (
	SELECT (extract(epoch FROM clock_timestamp())*1000000)::bigint*1000 AS now
), a AS MATERIALIZED (
	SELECT * FROM unnest($1::text::bytea[], $2::text::bool[], $3::text::bool[], $4::text::bigint[], $5::text::bigint[], $6::text::bigint[])
	WITH ORDINALITY AS u (key, quota, aligned, per, most, cost, i)
), r AS MATERIALIZED (
	SELECT key, at FROM limit_rate WHERE key IN (SELECT key FROM a WHERE NOT quota) ORDER BY key FOR UPDATE
), q AS MATERIALIZED (
	SELECT key, ends, used FROM limit_quota WHERE key IN (SELECT key FROM a WHERE quota) ORDER BY key FOR UPDATE
), s AS MATERIALIZED (
	SELECT a.*, c.now, r.key IS NOT NULL OR q.key IS NOT NULL AS found,
		CASE WHEN NOT quota THEN greatest(coalesce(r.at, 0), now)
			WHEN q.ends > now THEN q.ends
			WHEN cost = 0 THEN now
			WHEN aligned THEN (now/per+1)*per
			ELSE now+per END AS at,
		CASE WHEN q.ends > now THEN q.used ELSE 0 END AS used
	FROM a CROSS JOIN c LEFT JOIN r ON r.key = a.key LEFT JOIN q ON q.key = a.key
), o AS MATERIALIZED (
	SELECT *, cost = 0 OR CASE WHEN quota THEN used+cost <= most ELSE at+cost-now <= most END AS ok FROM s
), v AS MATERIALIZED (
	SELECT bool_and(ok) AS pass, count(*) FILTER (WHERE cost > 0) AS due FROM o
), ri AS (
	INSERT INTO limit_rate (key, at) SELECT key, at+cost FROM o, v WHERE pass AND cost > 0 AND NOT quota AND NOT found
	ORDER BY key ON CONFLICT DO NOTHING RETURNING 1
), ru AS (
	UPDATE limit_rate t SET at = o.at+o.cost FROM o, v WHERE pass AND cost > 0 AND NOT quota AND found AND t.key = o.key RETURNING 1
), qi AS (
	INSERT INTO limit_quota (key, ends, used) SELECT key, at, used+cost FROM o, v WHERE pass AND cost > 0 AND quota AND NOT found
	ORDER BY key ON CONFLICT DO NOTHING RETURNING 1
), qu AS (
	UPDATE limit_quota t SET ends = o.at, used = o.used+o.cost FROM o, v WHERE pass AND cost > 0 AND quota AND found AND t.key = o.key RETURNING 1
), n AS MATERIALIZED (
	SELECT (SELECT count(*) FROM ri) + (SELECT count(*) FROM ru) + (SELECT count(*) FROM qi) + (SELECT count(*) FROM qu) AS done
)
SELECT ok,
	CASE WHEN pass AND NOT quota THEN at+cost WHEN quota AND NOT pass AND used = 0 THEN now ELSE at END,
	CASE WHEN pass AND quota THEN used+cost ELSE used END,
	now / CASE WHEN pass AND done < due THEN 0 ELSE 1 END
FROM o, v, n ORDER BY i`

// settleAll corrects charges, in the same manner. A row that is not there has
// nothing to give back; a debt makes one.
const settleAll = `
WITH c AS MATERIALIZED (
	SELECT (extract(epoch FROM clock_timestamp())*1000000)::bigint*1000 AS now
), a AS MATERIALIZED (
	SELECT * FROM unnest($1::text::bytea[], $2::text::bool[], $3::text::bool[], $4::text::bigint[], $5::text::bigint[], $6::text::bigint[], $7::text::bigint[])
	AS u (key, quota, aligned, per, most, cost, mark)
), r AS MATERIALIZED (
	SELECT key, at FROM limit_rate WHERE key IN (SELECT key FROM a WHERE NOT quota) ORDER BY key FOR UPDATE
), q AS MATERIALIZED (
	SELECT key, ends, used FROM limit_quota WHERE key IN (SELECT key FROM a WHERE quota) ORDER BY key FOR UPDATE
), s AS MATERIALIZED (
	SELECT a.key, quota, r.key IS NOT NULL OR q.key IS NOT NULL AS found,
		CASE WHEN quota AND q.ends > now THEN q.ends
			WHEN quota AND aligned THEN (now/per+1)*per
			WHEN quota THEN now+per
			WHEN cost > 0 THEN greatest(coalesce(r.at, 0), now) + cost
			ELSE greatest(now, r.at - least(-cost, mark-now)) END AS at,
		greatest(0, least(most*2, cost + CASE WHEN q.ends > now THEN q.used ELSE 0 END)) AS used
	FROM a CROSS JOIN c LEFT JOIN r ON r.key = a.key LEFT JOIN q ON q.key = a.key
	WHERE cost > 0 OR NOT quota AND r.at > now AND mark > now OR quota AND q.ends > now AND q.ends <= mark AND q.used < most*2
), ri AS (
	INSERT INTO limit_rate (key, at) SELECT key, at FROM s WHERE NOT quota AND NOT found ORDER BY key ON CONFLICT DO NOTHING RETURNING 1
), ru AS (
	UPDATE limit_rate t SET at = s.at FROM s WHERE NOT quota AND found AND t.key = s.key RETURNING 1
), qi AS (
	INSERT INTO limit_quota (key, ends, used) SELECT key, at, used FROM s WHERE quota AND NOT found ORDER BY key ON CONFLICT DO NOTHING RETURNING 1
), qu AS (
	UPDATE limit_quota t SET ends = s.at, used = s.used FROM s WHERE quota AND found AND t.key = s.key RETURNING 1
), n AS MATERIALIZED (
	SELECT (SELECT count(*) FROM ri) + (SELECT count(*) FROM ru) + (SELECT count(*) FROM qi) + (SELECT count(*) FROM qu) AS done
)
SELECT 1 / CASE WHEN done < (SELECT count(*) FROM s) THEN 0 ELSE 1 END FROM n`

func (s *Store) takePostgres(ctx context.Context, asks []limit.Ask) ([]limit.Answer, error) {
	var rows *sql.Rows
	if len(asks) == 1 && !asks[0].Quota && asks[0].Cost > 0 {
		stmt, err := s.prepare(ctx, takeRate)
		if err != nil {
			return nil, err
		}
		cost, most := charge(asks[0])
		if rows, err = stmt.QueryContext(ctx, asks[0].Key, cost, most); err != nil {
			return nil, fmt.Errorf("sqlstore: %w", err)
		}
	} else {
		stmt, err := s.prepare(ctx, takeAll)
		if err != nil {
			return nil, err
		}
		if rows, err = stmt.QueryContext(ctx, columns(asks, false)...); err != nil {
			return nil, failed(err)
		}
	}
	defer rows.Close()
	as := make([]limit.Answer, 0, len(asks))
	for rows.Next() {
		var a limit.Answer
		if err := rows.Scan(&a.OK, &a.At, &a.Used, &a.Now); err != nil {
			return nil, failed(err)
		}
		as = append(as, a)
	}
	if err := rows.Err(); err != nil {
		return nil, failed(err)
	}
	if len(as) != len(asks) {
		return nil, errRace
	}
	return as, nil
}

func (s *Store) settlePostgres(ctx context.Context, asks []limit.Ask) error {
	stmt, err := s.prepare(ctx, settleAll)
	if err != nil {
		return err
	}
	args := columns(asks, true)
	for range 3 { // a race makes a row, so the next try is not the same one
		var one int
		if err = stmt.QueryRowContext(ctx, args...).Scan(&one); err == nil {
			return nil
		}
		if err = failed(err); !errors.Is(err, errRace) {
			break
		}
	}
	return err
}

// refuse answers asks that lost a race twice: they may not pass, whatever their
// rows say.
func (s *Store) refuse(ctx context.Context, asks []limit.Ask) ([]limit.Answer, error) {
	look := append([]limit.Ask(nil), asks...)
	for i := range look {
		look[i].Cost = 0
	}
	as, err := s.takePostgres(ctx, look)
	for i := range as {
		as[i].OK = false
	}
	return as, err
}

// failed tells the race that takeAll reports by dividing by zero.
func failed(err error) error {
	var state interface{ SQLState() string }
	if errors.As(err, &state) && state.SQLState() == "22012" {
		return errRace
	}
	return fmt.Errorf("sqlstore: %w", err)
}

// columns returns asks as array literals, one for each column.
func columns(asks []limit.Ask, settle bool) []any {
	var cols [7]strings.Builder
	add := func(i int, s string) {
		if cols[i].Len() == 0 {
			cols[i].WriteByte('{')
		} else {
			cols[i].WriteByte(',')
		}
		cols[i].WriteString(s)
	}
	for _, q := range asks {
		cost, most := charge(q)
		if settle {
			cost = change(q)
		}
		add(0, `"\\x`+hex.EncodeToString(q.Key)+`"`)
		add(1, strconv.FormatBool(q.Quota))
		add(2, strconv.FormatBool(q.Aligned))
		add(3, strconv.FormatInt(int64(q.Every), 10))
		add(4, strconv.FormatInt(most, 10))
		add(5, strconv.FormatInt(cost, 10))
		add(6, strconv.FormatInt(q.Mark, 10))
	}
	args := make([]any, 0, len(cols))
	for i := range cols {
		if i == 6 && !settle {
			break
		}
		args = append(args, cols[i].String()+"}")
	}
	return args
}
