package bucket

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	awscore "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/aws"
	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // opens azblob://
	"gocloud.dev/blob/gcsblob"
	"gocloud.dev/blob/s3blob"
	"gocloud.dev/gcp"

	"github.com/recipe-web-app/oauth2d/internal/backup"
)

// The retries of one request to S3: about four minutes altogether.
const (
	s3Attempts   = 20
	s3MaxBackoff = 15 * time.Second
)

// schemes returns the schemes of the buckets.
func schemes() []string { return []string{"s3", "gs", "azblob"} }

// Open opens the destination at a location: the path of a folder, which must exist, or the URL of a bucket,
// SCHEME://BUCKET[/PREFIX][?PARAMETERS], with the scheme s3, gs or azblob. Credentials come from the environment, as the
// tools of the three clouds read them. Close frees the connections.
func Open(ctx context.Context, location string) (_ backup.Destination, closing func() error, err error) {
	scheme, _, isURL := strings.Cut(location, "://")
	switch {
	case location == "":
		return nil, nil, errors.New("the destination is empty; name a folder, or a bucket such as s3://backups/oauth2d?region=eu-central-1")
	case !isURL:
		folder, err := backup.OpenFolder(location)
		if err != nil {
			return nil, nil, err
		}
		return folder, func() error { return nil }, nil
	case !slices.Contains(schemes(), scheme):
		return nil, nil, fmt.Errorf("%s:// is not a kind of destination; use a folder, s3://, gs:// or azblob://", scheme)
	}
	u, err := url.Parse(location)
	if err != nil {
		return nil, nil, errors.New("the destination is not a URL; write it as s3://BUCKET/PREFIX?region=REGION")
	}
	if u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, nil, fmt.Errorf("%s:// needs the name of a bucket and no password: credentials come from the environment", scheme)
	}
	prefix := strings.Trim(path.Clean("/"+u.Path), "/")
	u.Path = ""
	shown := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: prefix}).String()
	opened, err := openBucket(ctx, u)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot open %s: %w", shown, err)
	}
	if prefix != "" {
		opened = blob.PrefixedBucket(opened, prefix+"/")
	}
	return &Bucket{bucket: opened, shown: shown, restartPauses: restartPauses()}, opened.Close, nil
}

func openBucket(ctx context.Context, u *url.URL) (*blob.Bucket, error) {
	switch u.Scheme {
	case "s3":
		return openS3(ctx, u.Host, u.Query())
	case "gs":
		return openGCS(ctx, u.Host, u.Query())
	default:
		return blob.OpenBucket(ctx, u.String())
	}
}

// openS3 retries a request for minutes, where the SDK stops after three attempts: an upload goes on where it was when a
// connection comes back. Each request has a checksum only where the operation demands one, because not every server that
// speaks S3 knows the newer ones; the manifest has the SHA-256 of the archive.
func openS3(ctx context.Context, name string, q url.Values) (*blob.Bucket, error) {
	pathStyle, err := flag(q, "use_path_style")
	if err != nil {
		return nil, err
	}
	plain, err := flag(q, "disable_https")
	if err != nil {
		return nil, err
	}
	for key := range q {
		if !slices.Contains([]string{"region", "endpoint", "profile", "dualstack", "fips", "anonymous", "role", "web_identity_token_file"}, key) {
			return nil, fmt.Errorf("%q is not a parameter of s3://; use region, endpoint, profile, use_path_style, disable_https, dualstack, fips, role", key)
		}
	}
	q.Set("request_checksum_calculation", "when_required")
	q.Set("response_checksum_validation", "when_required")
	settings, err := aws.V2ConfigFromURLParams(ctx, q)
	if err != nil {
		return nil, err
	}
	if settings.Region == "" {
		return nil, errors.New("the region of the bucket is not known; add ?region=REGION, or set AWS_REGION")
	}
	settings.Retryer = func() awscore.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts, o.MaxBackoff, o.RateLimiter = s3Attempts, s3MaxBackoff, ratelimit.None
		})
	}
	client := s3.NewFromConfig(settings, func(o *s3.Options) {
		o.UsePathStyle, o.EndpointOptions.DisableHTTPS = pathStyle, plain
	})
	return s3blob.OpenBucket(ctx, client, name, &s3blob.Options{RequestChecksumCalculation: awscore.RequestChecksumCalculationWhenRequired})
}

// flag takes a truth value out of the parameters.
func flag(q url.Values, key string) (bool, error) {
	text := q.Get(key)
	q.Del(key)
	if text == "" {
		return false, nil
	}
	on, err := strconv.ParseBool(text)
	if err != nil {
		return false, fmt.Errorf("%s=%s: use true or false", key, text)
	}
	return on, nil
}

// openGCS uses the default credentials of Google Cloud, or none towards an emulator (STORAGE_EMULATOR_HOST).
func openGCS(ctx context.Context, name string, q url.Values) (*blob.Bucket, error) {
	for key := range q {
		return nil, fmt.Errorf("%q is not a parameter: gs:// has none", key)
	}
	if os.Getenv("STORAGE_EMULATOR_HOST") != "" {
		return gcsblob.OpenBucket(ctx, gcp.NewAnonymousHTTPClient(gcp.DefaultTransport()), name, nil)
	}
	credentials, err := gcp.DefaultCredentials(ctx)
	if err != nil {
		return nil, fmt.Errorf("no credentials of Google Cloud were found; set GOOGLE_APPLICATION_CREDENTIALS, or use a service account of the platform: %w", err)
	}
	client, err := gcp.NewHTTPClient(gcp.DefaultTransport(), gcp.CredentialsTokenSource(credentials))
	if err != nil {
		return nil, err
	}
	return gcsblob.OpenBucket(ctx, client, name, nil)
}
