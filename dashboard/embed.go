// Package dashboard is the page that shows the prices of a Tickwire server.
//
//	src/feed    the client of the protocol: no dependency, no DOM; see example
//	src/rest    single questions to the server: histories, what there is, how it does
//	src/model   what the page knows, what of it has changed, what is subscribed
//	src/view    what a person sees: one paint per animation frame
//
// Imports point from view to model to rest to feed; what the model needs of
// rest it asks for by its own interface. AG Grid has the rows of the table, TradingView's
// Lightweight Charts the candles; every cell is drawn by src/view itself. Vite
// builds the page into dist/app, which is not committed; Handler serves what was
// there when Go was built.
package dashboard

import (
	"embed"
	"net/http"
)

//go:generate npm ci --no-audit --no-fund
//go:generate npm run --silent build

//go:embed all:dist
var dist embed.FS

// Handler serves the page at / with its assets, under a content security
// policy that lets nothing but the page's own origin in. In a program that was
// built before the page was, every path answers 503 with the command that
// builds it.
func Handler() http.Handler { return newHandler(dist) }
