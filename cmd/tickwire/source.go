package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"tickwire/feed/kafka"
	"tickwire/feed/source"
)

// sourceFlags choose where ticks come from.
type sourceFlags struct {
	Source  string   `help:"market: a synthetic one; replay: recordings of venues." enum:"market,replay" default:"market"`
	Symbols int      `help:"Symbols of the market." default:"500"`
	Rate    int      `help:"Ticks a second of the market; 0: as many as go." default:"20000"`
	Seed    uint64   `help:"Seed of the market: the same seed, the same prices." default:"1"`
	Speed   float64  `help:"Speed of the replay; 1: as recorded, 0: as fast as it goes." default:"1"`
	Loop    bool     `help:"Begin the replay again at its end."`
	Files   []string `arg:"" optional:"" help:"Recordings to replay."`
}

// ticker is a source that is ready to run.
type ticker interface {
	Run(ctx context.Context, put source.Put) error
}

// open makes the source, or says at once why it can't be had.
func (f *sourceFlags) open() (ticker, error) {
	if f.Source == "replay" {
		if len(f.Files) == 0 {
			return nil, errors.New("--source replay needs recordings: name their files")
		}
		return source.NewReplay(source.ReplayConfig{Files: f.Files, Speed: f.Speed, Loop: f.Loop})
	}
	if len(f.Files) > 0 {
		return nil, fmt.Errorf("%s: recordings go with --source replay", f.Files[0])
	}
	return source.NewMarket(source.MarketConfig{Symbols: f.Symbols, Rate: f.Rate, Seed: f.Seed})
}

// publish runs the source into the producer until it ends or ctx does, and
// waits until Kafka has all of it.
func publish(ctx context.Context, from ticker, to *kafka.Producer) error {
	err := from.Run(ctx, to.Put)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil // as asked
	}
	flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	err = errors.Join(err, to.Flush(flush))
	logPublished(from, to.Stats())
	return err
}

func logPublished(from ticker, done kafka.ProducerStats) {
	if replay, ok := from.(*source.Replay); ok {
		c := replay.Counts()
		slog.Info("replay ended", "acknowledged", done.Acknowledged, "frames", c.Frames, "undecodable", c.Undecodable, "passed_over", c.Passed)
		return
	}
	slog.Info("source ended", "acknowledged", done.Acknowledged)
}
