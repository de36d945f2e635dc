// Package feed is what the market said: ticks, the symbols they are about, and
// where in the Kafka log they stand.
//
//	venue --source--> AppendTick --> Kafka record --> Decode --> Sink
//	                                 key: symbol      Tick       one method
//	                                 value: JSON      Position
//
// It does no I/O and imports nothing else of this module. Three sub-packages do
// the I/O: feed/source makes ticks, feed/kafka moves them, feed/broker is a
// Kafka broker inside the process. A fourth, feed/history, is what a symbol has
// done lately: trades, bars, the day.
//
// Prices and sizes are exact. A [Number] carries the digits that the venue
// wrote; where something is computed it becomes a decimal.Decimal.
package feed
