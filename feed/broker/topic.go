package broker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Topic is one topic and how much of it is kept. A partition's files take at
// most RetentionBytes, two segments more, and what arrives within a second.
type Topic struct {
	// Name of the topic. Required.
	Name string

	// Partitions is how many the topic has at least.
	// Default: 8
	Partitions int

	// RetentionBytes is how much of a partition is kept.
	// Default: 64 MiB
	RetentionBytes int64

	// Retention is how long a record is kept, whatever room there is. Records
	// age by their own timestamp.
	// Default: 24 hours
	Retention time.Duration

	// SegmentBytes is the size of one file of a partition. Disk space is given
	// back in whole files.
	// Default: an eighth of RetentionBytes
	SegmentBytes int64

	// MaxMessageBytes is the largest batch of records a producer may send.
	// Default: 1 MiB
	MaxMessageBytes int

	// Compact keeps the newest record of every key whatever its age, and
	// removes older ones of the same key. Retention then does not apply.
	Compact bool
}

// legalName is Kafka's rule, which kfake does not keep.
var legalName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

func (t *Topic) validate() error {
	switch {
	case t.Name == "":
		return errors.New("topic without a name")
	case !legalName.MatchString(t.Name):
		return fmt.Errorf("topic %q: a name is 1 to 249 letters, digits, dots, dashes and underscores", t.Name)
	case t.Partitions < 0 || t.RetentionBytes < 0 || t.Retention < 0 || t.SegmentBytes < 0 || t.MaxMessageBytes < 0:
		return fmt.Errorf("topic %s: negative setting", t.Name)
	}
	return nil
}

func (t *Topic) partitions() int32 { return int32(cmp.Or(t.Partitions, 8)) }

// settings are the topic's settings by their Kafka names. All are always
// written: kfake applies retention only to topics that say it themselves.
func (t *Topic) settings() map[string]string {
	bytes := cmp.Or(t.RetentionBytes, 64<<20)
	age := cmp.Or(t.Retention, 24*time.Hour).Milliseconds()
	policy := "delete"
	if t.Compact {
		bytes, age, policy = -1, -1, "compact"
	}
	segment := cmp.Or(t.SegmentBytes, max(bytes/8, 64<<10))
	return map[string]string{
		"cleanup.policy":    policy,
		"retention.bytes":   strconv.FormatInt(bytes, 10),
		"retention.ms":      strconv.FormatInt(age, 10),
		"segment.bytes":     strconv.FormatInt(segment, 10),
		"max.message.bytes": strconv.Itoa(cmp.Or(t.MaxMessageBytes, 1<<20)),
	}
}

// settle brings the broker's topics to what is asked for.
func settle(ctx context.Context, addr string, topics []Topic) error {
	if len(topics) == 0 {
		return nil
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(addr))
	if err != nil {
		return err
	}
	defer client.Close()
	for i := range topics {
		t := &topics[i]
		err := create(ctx, client, t)
		if errors.Is(err, kerr.TopicAlreadyExists) {
			err = update(ctx, client, t)
		}
		if err != nil {
			return fmt.Errorf("topic %s: %w", t.Name, err)
		}
	}
	return nil
}

func create(ctx context.Context, client *kgo.Client, t *Topic) error {
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = t.Name, t.partitions(), 1
	for name, value := range t.settings() {
		c := kmsg.NewCreateTopicsRequestTopicConfig()
		c.Name, c.Value = name, &value
		topic.Configs = append(topic.Configs, c)
	}
	req := kmsg.NewPtrCreateTopicsRequest()
	req.Topics = append(req.Topics, topic)
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(resp.Topics[0].ErrorCode)
}

// update changes a topic that was on disk with other settings.
func update(ctx context.Context, client *kgo.Client, t *Topic) error {
	resource := kmsg.NewIncrementalAlterConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeTopic, t.Name
	for name, value := range t.settings() {
		c := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		c.Name, c.Value, c.Op = name, &value, kmsg.IncrementalAlterConfigOpSet
		resource.Configs = append(resource.Configs, c)
	}
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	req.Resources = append(req.Resources, resource)
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return err
	}
	if err := kerr.ErrorForCode(resp.Resources[0].ErrorCode); err != nil {
		return err
	}
	return widen(ctx, client, t)
}

// widen adds the partitions that are missing.
func widen(ctx context.Context, client *kgo.Client, t *Topic) error {
	ask := kmsg.NewPtrMetadataRequest()
	named := kmsg.NewMetadataRequestTopic()
	named.Topic = &t.Name
	ask.Topics = append(ask.Topics, named)
	meta, err := ask.RequestWith(ctx, client)
	if err != nil {
		return err
	}
	if len(meta.Topics[0].Partitions) >= int(t.partitions()) {
		return kerr.ErrorForCode(meta.Topics[0].ErrorCode)
	}
	topic := kmsg.NewCreatePartitionsRequestTopic()
	topic.Topic, topic.Count = t.Name, t.partitions()
	req := kmsg.NewPtrCreatePartitionsRequest()
	req.Topics = append(req.Topics, topic)
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(resp.Topics[0].ErrorCode)
}
