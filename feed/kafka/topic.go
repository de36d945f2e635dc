package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go"
)

// CreateTopic makes a topic. That it exists already is no error. A
// replication of 0 leaves it to the brokers. settings are Kafka's topic
// settings by name; nil leaves all to the brokers.
func (c *Cluster) CreateTopic(ctx context.Context, topic string, partitions, replication int, settings map[string]string) error {
	if err := c.Validate(); err != nil {
		return err
	}
	if replication == 0 {
		replication = -1
	}
	cfg := kafka.TopicConfig{Topic: topic, NumPartitions: partitions, ReplicationFactor: replication}
	for name, value := range settings {
		cfg.ConfigEntries = append(cfg.ConfigEntries, kafka.ConfigEntry{ConfigName: name, ConfigValue: value})
	}
	err := c.ask(ctx, topic, func(client *kafka.Client) error {
		res, err := client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{cfg}})
		if err != nil {
			return err
		}
		return res.Errors[topic]
	})
	if err != nil && !errors.Is(err, kafka.TopicAlreadyExists) {
		return fmt.Errorf("create topic %q: %w", topic, err)
	}
	return nil
}
