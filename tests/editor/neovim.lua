-- What a person does in Neovim with `examples/overlays` open: `tests/slow editor` runs it, in a copy of the example, with the
-- settings that the book gives. Each line that it prints says what passed or failed.

local failed = 0

local function check(name, fine, said)
    if not fine then failed = failed + 1 end
    local why = fine and "" or ": " .. vim.inspect(said)
    io.stdout:write((fine and "passed  " or "FAILED  ") .. name .. why .. "\n")
end

local function wait(condition)
    return vim.wait(20000, condition, 20)
end

local function open(path)
    vim.cmd("edit " .. path)
    local buffer = vim.api.nvim_get_current_buf()
    wait(function()
        local _, client = next(vim.lsp.buf_get_clients(buffer))
        return client and client.initialized
    end)
    return buffer
end

-- Puts the cursor on the first sign of a piece of text.
local function go(piece)
    vim.fn.cursor(1, 1)
    return vim.fn.search("\\V" .. vim.fn.escape(piece, "\\"), "cW") > 0
end

local function type_keys(keys)
    vim.api.nvim_feedkeys(vim.api.nvim_replace_termcodes(keys, true, false, true), "xt", false)
end

local function errors(buffer)
    return vim.diagnostic.get(buffer, { severity = vim.diagnostic.severity.ERROR })
end

local function only(buffer, code)
    local fine = wait(function()
        local found = errors(buffer)
        return #found == 1 and found[1].code == code
    end)
    return fine, errors(buffer)
end

local function offered(buffer)
    local params = vim.lsp.util.make_position_params(0, "utf-16")
    local answers = vim.lsp.buf_request_sync(buffer, "textDocument/completion", params, 20000) or {}
    local _, answer = next(answers)
    local words = {}
    for _, item in ipairs(vim.lsp.util.text_document_completion_list_to_complete_items(answer.result, "")) do
        words[item.word] = true
    end
    return words
end

local shop = open("workloads/shop.kdl")
local before = vim.api.nvim_buf_get_lines(shop, 0, -1, true)

go("memory \"512MiB\"")
type_keys("cwmemry<Esc>")
local fine, found = only(shop, "unknown-word")
check("a misspelt word is shown", fine and found[1].lnum == vim.fn.line(".") - 1 and found[1].col == 4, found)
type_keys("u")
check("and goes when it is mended", wait(function() return #errors(shop) == 0 end), errors(shop))

go("web-service")
vim.lsp.buf.hover()
local function hovered()
    for _, window in ipairs(vim.api.nvim_list_wins()) do
        if vim.api.nvim_win_get_config(window).relative ~= "" then
            return table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false), "\n"), window
        end
    end
end
wait(function() return hovered() ~= nil end)
local text, window = hovered()
check("hover explains a template", text and text:find("A service behind the proxy", 1, true), text)
if window then vim.api.nvim_win_close(window, true) end

go("web-service")
vim.lsp.buf.definition()
local moved = wait(function() return vim.fn.expand("%:t") == "web-service.kdl" end)
check("a definition is opened", moved and vim.fn.getline("."):find("template \"web-service\"", 1, true), vim.fn.getline("."))
vim.cmd("buffer " .. shop)

go("    container \"main\" {")
type_keys("O<Esc>")
local words = offered(shop)
check("fields and parameters are offered", words["replicas"] and words["place"], words)
type_keys("u")

type_keys("Goconfig \"site\" {<CR>    file \"é😀\" text=\"x<Esc>")
fine, found = only(shop, "syntax")
check("a half-written block is shown at its end", fine and found[1].end_lnum >= vim.fn.line("$") - 1, found)
type_keys("u")
check("and nothing is left of it", wait(function() return #errors(shop) == 0 end), errors(shop))

go("memory \"512MiB\"")
type_keys("I        <Esc>")
if vim.lsp.buf.format then vim.lsp.buf.format({ timeout_ms = 20000 }) else vim.lsp.buf.formatting_sync(nil, 20000) end
check("formatting sets lines right", vim.deep_equal(before, vim.api.nvim_buf_get_lines(shop, 0, -1, true)), vim.api.nvim_buf_get_lines(shop, 0, -1, true))

local staging = open("_overlays/staging/all.kdl")
go("LOG_LEVEL")
type_keys("Oliveness \"tcp\" port=\"htp\"<Esc>")
fine, found = only(staging, "unknown-name")
check("a file of an overlay is checked with its fleet", fine, found)
type_keys("u")
check("and is fine again", wait(function() return #errors(staging) == 0 end), errors(staging))

for _, client in pairs(vim.lsp.get_active_clients()) do client.stop() end
check("the server ends", wait(function() return #vim.lsp.get_active_clients() == 0 end), vim.lsp.get_active_clients())

if failed > 0 then vim.cmd("cquit 1") end
vim.cmd("qall!")
