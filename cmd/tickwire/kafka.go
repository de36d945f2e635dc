package main

import (
	"context"
	"crypto/tls"
	"time"

	"tickwire/feed/kafka"
)

// kafkaFlags say where Kafka is and how to get in.
type kafkaFlags struct {
	Brokers       []string `help:"HOST:PORT of some of Kafka's brokers." default:"127.0.0.1:9092"`
	Topic         string   `help:"Topic of the ticks." default:"ticks"`
	KafkaTLS      bool     `help:"Connect to the brokers by TLS." name:"kafka-tls"`
	KafkaUser     string   `help:"User for SASL PLAIN; empty: no login." placeholder:"USER"`
	KafkaPassword string   `help:"Password of the user; better given as TICKWIRE_KAFKA_PASSWORD." placeholder:"PASSWORD"`
}

func (f *kafkaFlags) cluster() kafka.Cluster {
	c := kafka.Cluster{Brokers: f.Brokers}
	if f.KafkaTLS {
		c.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if f.KafkaUser != "" {
		c.Login = &kafka.Login{User: f.KafkaUser, Password: f.KafkaPassword}
	}
	return c
}

// checkTime bounds the first look at Kafka.
const checkTime = 10 * time.Second

// check says before anything is started whether Kafka and the topic are there.
func (f *kafkaFlags) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	c := f.cluster()
	return c.Check(ctx, f.Topic)
}
