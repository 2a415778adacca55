-- Tables written in Markdown: columns start at the left unless told otherwise; in HTML a table
-- scrolls in a box of its own, from the keyboard too.
function Table(table)
  for _, column in ipairs(table.colspecs) do
    if column[1] == "AlignDefault" then column[1] = "AlignLeft" end
  end
  if FORMAT:match("typst") then return table end
  -- A list of pairs, because a Lua table has no order and the page must not change from run to run.
  local attributes = { { "role", "region" }, { "tabindex", "0" }, { "aria-label", "Table" } }
  return pandoc.Div(table, pandoc.Attr("", { "scroll" }, attributes))
end
