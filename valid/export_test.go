package valid

// The predicates behind the format rules, for the corpora.
var (
	IsJSON     = isJSON
	IsEmail    = isEmail
	IsURL      = isURL
	IsUUID     = isUUID
	IsIPv4     = isIPv4
	IsIPv6     = isIPv6
	IsCIDR     = isCIDR
	IsHostname = isHostname
	IsDate     = isDate
	IsTime     = isTime
	IsDateTime = isDateTime
)
